"""Recordings as a real HTTP server, for programs in any language.

by_path       matches wherever the server is      shelf        what of many cassettes is played
answers       what of a recording is sent         refusals     what a miss answers, wire by wire
rereading     files, read again where they change connection   how a connection breaks
overlaying    what overlays make of an answer     playing      sends an answer, and ends it
application   the Starlette application           server       uvicorn around it
"""
