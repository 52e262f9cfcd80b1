"""`python -m counterfoil` is the `counterfoil` command."""

import sys

from counterfoil.command_line import main

sys.exit(main())
