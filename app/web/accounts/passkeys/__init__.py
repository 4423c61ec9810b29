"""Passkeys (WebAuthn): users log in by a key that their device keeps, with fido2."""
