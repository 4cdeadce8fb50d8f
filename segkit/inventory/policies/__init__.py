"""Which stock policy every item-location gets, and why: rules on segments, what a person set, and checks of both."""
