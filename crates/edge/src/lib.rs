//! The only code that changes the network: read the router, apply the difference, read again.
