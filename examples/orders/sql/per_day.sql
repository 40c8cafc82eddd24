-- Reads the database that {{upstream["load"]}} is.
SELECT day, country, SUM(amount) AS amount
FROM orders
GROUP BY day, country
ORDER BY country, day
