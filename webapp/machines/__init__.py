"""What machines ask for: health, metrics, the wake-up hook."""
