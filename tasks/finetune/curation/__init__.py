"""Which rows are good enough to learn from: repairs, filters and near duplicates."""
