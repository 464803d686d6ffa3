"""Reads Excel workbooks as a stream."""
