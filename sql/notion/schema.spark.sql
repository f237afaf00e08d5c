-- The Notion-style study on Spark, over the Parquet files of a folder, in however many parts: :data is the folder.
-- Only the schema files differ between PostgreSQL, SQLite and Spark; the queries are one text for all three.

CREATE OR REPLACE TEMPORARY VIEW plans USING parquet OPTIONS (path ':data/plans*.parquet');
CREATE OR REPLACE TEMPORARY VIEW calendar USING parquet OPTIONS (path ':data/calendar*.parquet');
CREATE OR REPLACE TEMPORARY VIEW visitors USING parquet OPTIONS (path ':data/visitors*.parquet');
CREATE OR REPLACE TEMPORARY VIEW workspaces USING parquet OPTIONS (path ':data/workspaces*.parquet');
CREATE OR REPLACE TEMPORARY VIEW user_profiles USING parquet OPTIONS (path ':data/user_profiles*.parquet');
CREATE OR REPLACE TEMPORARY VIEW workspace_members USING parquet OPTIONS (path ':data/workspace_members*.parquet');
CREATE OR REPLACE TEMPORARY VIEW user_events USING parquet OPTIONS (path ':data/user_events*.parquet');

-- Active is who did something beside signing up.
CREATE OR REPLACE TEMPORARY VIEW activity AS
SELECT user_id, workspace_id, event_type, timestamp, CAST(timestamp AS date) AS date
FROM user_events
WHERE event_type <> 'signup';

-- A week after sign-up, to the second: how long activation may take.
CREATE OR REPLACE TEMPORARY VIEW signups AS
SELECT user_id, signup_at, signup_date, signup_at + INTERVAL '168 hours' AS activates_before
FROM user_profiles;
