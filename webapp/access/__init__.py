"""Who may come in and do what: sessions and roles, how often one may ask, headers and cookies, what is read of a request, the password once more before what cannot be
taken back. The Flask extensions that this needs are bound here. No page of its own but that one; what pages share to look at is `frame`'s."""
