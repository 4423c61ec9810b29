"""Login by OpenID Connect (authorization code with PKCE), with Authlib, for people whom one issuer knows."""
