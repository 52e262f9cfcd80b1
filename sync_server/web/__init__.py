"""The web's edge, shared by the centre's programs: problem answers, bodies, limits, tokens, serving."""
