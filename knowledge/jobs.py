"""Names of this app's background tasks."""

INDEX_DOCUMENT = "knowledge.index_document"
