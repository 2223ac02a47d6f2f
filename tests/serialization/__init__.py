"""Files: what they hold byte for byte, what a hostile one can do, what a crash leaves behind."""
