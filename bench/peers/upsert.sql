-- pgbench -M prepared -D body=...: one document is written whole, as PUT does; the 300 bytes travel with each request.
\set key random(1, 2000)
INSERT INTO documents (key, body, modified) VALUES ('home/document-' || :key, :body, now())
  ON CONFLICT (key) DO UPDATE SET body = excluded.body, modified = excluded.modified;
