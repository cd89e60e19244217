//! The static CSV.
