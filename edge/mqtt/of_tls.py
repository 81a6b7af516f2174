"""Tells what belongs to TLS without loading OpenSSL, which is 4 MiB, for an agent that does without."""

from __future__ import annotations


def is_of_tls(thing: object) -> bool:
    """Return whether an error or a socket is one of the module ``ssl``.

    Examples
    --------
    >>> import ssl
    >>> is_of_tls(ssl.SSLEOFError()), is_of_tls(BrokenPipeError()), is_of_tls(None)
    (True, False, False)
    """
    return any(kind.__module__ == "ssl" for kind in type(thing).__mro__)
