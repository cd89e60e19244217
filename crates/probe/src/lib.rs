//! The only code that connects to a subscriber: one question in, one answer with its transcript out.
