FLASK_APP=app.web
