"""The engine both front ends use, and the worker process that owns the heavy libraries."""
