"""From a trace to the sample a judge may see: selectors, shapes of messages and documents, and where each part was."""
