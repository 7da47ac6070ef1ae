"""What is to be seen in a picture, in the service's words."""
