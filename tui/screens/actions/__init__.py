"""What keys do, one mixin of the main screen per subject."""
