"""Places of logs: the order of storing, in blocks of equal size."""

#: Places in one block. A segment, and a block's text and bounds, never cross its border.
BLOCK = 1024

#: Logs in a chunk of a segment: with twice as many a log takes 3 bytes less, and to read one of them takes twice as long.
CHUNK = 128
CHUNKS = BLOCK // CHUNK
