"""Worker process that learns collaborative filtering: votes in a file in, tracks' vectors in a file out."""

from bot.workers.serving import reply, requests


def main() -> None:
    """Answer each request once its file is written."""
    for request in requests():
        import numpy as np

        from bot.taste.colike import learn

        with np.load(request["votes"]) as votes:
            model = learn(votes["users"], votes["tracks"], votes["kinds"])
        np.savez(request["out"], tracks=model.tracks, vectors=model.vectors, votes=model.votes)
        reply({"learnt": len(model.tracks)})


if __name__ == "__main__":
    main()
