"""Run the command line with `python -m searchapp`."""

from searchapp.cli import main

main()
