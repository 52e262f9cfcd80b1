"""Coming to a desk and leaving it: sign-in, the first time, the lock, one's keys, a second person's approval."""
