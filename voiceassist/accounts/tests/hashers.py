from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class QuickBCrypt(BCryptSHA256PasswordHasher):
    """bcrypt with the fewest rounds: tests make many users."""

    algorithm = "bcrypt_quick"
    rounds = 4
