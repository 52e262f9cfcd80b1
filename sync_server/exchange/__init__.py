"""What devices and partner banks ask of the centre, answered over any home: the routes call this, the simulator too."""
