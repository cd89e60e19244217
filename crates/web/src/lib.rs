//! API and pages: requests to desk verbs, values to HTML and JSON.
