"""Single sign-on with one OpenID provider: protocol, trust. Whom an identity stands for is decided by a service."""
