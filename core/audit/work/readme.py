"""The page that lies in the folder, for whoever opens it years later and knows nothing of this program."""

from __future__ import annotations

from core.audit.work.manifest import Work


def readme(work: Work) -> str:
    """Plain words, UTF-8."""
    chains = "\n".join(
        f"  {part.file}: places {part.first} to {part.last} of the chain of {part.device}, life {part.epoch}"
        for part in work.chains
    )
    period = f"from {work.from_ or 'the beginning'} to {work.to or 'the day it was written out'}"
    return f"""What {work.person} signed, {period}
Written out on {work.made_at} (UTC) from {work.made_from}.

This folder holds what one person did at the bank's counters, exactly as it was signed then. It can be checked
without the bank, without its computers and without this program: the form of every file is public, in the page
"protocol", section 9, of Counterfoil. With the program:

  counterfoil verify THIS-FOLDER --trust YOUR-PAPER

YOUR-PAPER is the sheet of fingerprints from the day when the desk was set up and the keys were made. Without it the
check still shows that everything here belongs together, but only the folder itself says whose keys they are.

{chains}

Each of these files has one line for each thing that was signed on that machine, in order and without a gap. What this
person made or approved stands in full (three parts with dots between: a JSON Web Signature). Where somebody else did
something, only its fingerprint stands (43 letters and digits), so that nothing of other people is given away, and yet
nobody can put something in or take something out between the first and the last without its being seen: each thing in
full names the fingerprint of the one before it. Where two fingerprints follow one another, the bank can be asked for
what they stand for; it can't give anything else.

  keys.jws: how the keys came to be known. The bank's own, the machines' by the bank, the people's by themselves and
  by a colleague who witnessed it.
  verdicts.json: what the bank's centre said of each thing, as far as it was known. This the bank only says; it is not
  signed.
  work.json: whose work this is, which days, which places.

Nothing here holds the name, address or birthday of a customer.
"""
