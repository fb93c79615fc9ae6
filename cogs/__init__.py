"""Discord's side of every feature: parse, call one service, reply. One file per feature."""
