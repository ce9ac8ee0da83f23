"""The studio: a local page on which a film is seen, heard, changed and built.

Owns the server, what it answers, and the page. Its only memory is the production file; everything that it does can be
done from the command line. Public: `server.serve`.
"""
