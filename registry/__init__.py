"""What the lake knows: vocabulary, records, table schemas, tables, SQL, lineage, models."""
