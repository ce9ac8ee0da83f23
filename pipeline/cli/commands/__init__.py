"""The commands of `build-video`, by what they are about: each module turns words of the command line into calls.

They print results and leave errors to `cli.app`. Public: one typer application a module.
"""
