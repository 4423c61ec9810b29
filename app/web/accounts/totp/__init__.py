"""The second factor of users with a password: codes of an authenticator app (TOTP, RFC 6238), with PyOTP."""
