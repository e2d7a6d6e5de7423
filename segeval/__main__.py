"""`python -m segeval`."""

from segeval.cli.main import main

main()
