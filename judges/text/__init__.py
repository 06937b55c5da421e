"""Reading text: sentences, words, passages, quotes, and what is blank, reasoning or a restatement."""
