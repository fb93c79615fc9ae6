"""Pictures of a server's music: plain values in, a PNG and its text alternative out; no database, no Discord."""
