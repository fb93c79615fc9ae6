"""What an operator sees of the running bot: metrics, whether it lives, and whether it is ready (EARWORM_METRICS)."""
