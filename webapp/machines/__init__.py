"""What machines ask for: health, metrics, the wake-up hook, QuickBooks' calls. No page for people."""
