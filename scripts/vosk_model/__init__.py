"""A Vosk model from a pack's words and synthesised speech: no Kaldi, no OpenFst, no torch.

The way: words to phones (``lexicon``), speech with its phones in time (``speech``), features (``features``), a small
network (``network``), the decoding graph (``graph``), and files that libvosk loads (``files``). ``build`` does all.
"""
