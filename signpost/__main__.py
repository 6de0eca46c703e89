"""`python -m signpost`: the command line without the installed script."""

from signpost.cli import main

if __name__ == "__main__":
    main(prog_name="signpost")
