"""The page of migrations: server-rendered, read without JavaScript, kept live with a little."""
