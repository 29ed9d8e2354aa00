"""`python -m guided_profile.evals.datasets`."""

import sys

from guided_profile.evals.datasets.load import main

if __name__ == "__main__":
    sys.exit(main())
