//! Anything that goes wrong ends the benchmark.

/// What a step gives, or why it did not.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Says what is wrong.
pub(crate) fn wrong(text: impl Into<String>) -> Box<dyn std::error::Error> {
    text.into().into()
}
