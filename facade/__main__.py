"""`python -m facade` is the command `facade`."""

import sys

from facade.port.cli import main

sys.exit(main())
