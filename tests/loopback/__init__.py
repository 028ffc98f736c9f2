"""A provider of our own on 127.0.0.1: exact bytes, exact network writes, exact failures.

server     LoopbackServer: sockets, threads, what was asked and who left   (messages, connection)
http2      Http2Server: the same answers over HTTP/2
provider   LoopbackProvider: its handler; the table of model names   (checks, problems, faults)
vendors    LoopbackVendors: gemini, mistral, cohere, ollama, groq as well   (wire_*)
conformance  LoopbackConformance: all nine wires, and a model that understands what the
           conformance scenarios ask   (asked, brain, routes, refusals)
defects    the same providers, each broken in one way   (defect, broken, spoiling, rewriting)
wires      events and whole answers of two wires, out of a scenario   (scenario, catalogue)
pacing     when and in which writes events leave
capture    a client that notes every piece and its time
record     writes the project's cassettes: python -m tests.loopback.record
"""
