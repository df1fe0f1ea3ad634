"""What a person looks at and answers: clips, stills, the review page, labels."""
