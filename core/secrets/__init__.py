"""Where a device's own keys live: the operating system's keyring, or an encrypted file vault if asked for."""
