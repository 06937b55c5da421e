"""The judge that asks a chat model: prompt, numbering, reply, verdict."""
