//! EDHOC, lightweight authenticated Diffie-Hellman (RFC 9528).
