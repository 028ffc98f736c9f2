"""The broken providers by what is wrong with them; `defects` has them all.

streams     how an answer is sent: its events, its end, its pieces, its counts
answers     what is said: words, characters, thoughts
structures  tool calls and objects
refusals    what is taken that must be refused, and how it is refused
"""
