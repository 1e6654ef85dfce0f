using Quota.Silo.Store.Postgres;

namespace Quota.Silo.Tests.Store;

public sealed class PostgresSchemaTests
{
    [Fact]
    public void The_deploy_file_is_what_a_silo_creates() =>
        Assert.Equal(PostgresSchema.Sql("quota"), File.ReadAllText(Path.Combine(RepositoryFiles.Root, "deploy", "postgresql", "schema.sql")));

    [Theory]
    [InlineData("quota", true)]
    [InlineData("_q1", true)]
    [InlineData("", false)]
    [InlineData("1q", false)]
    [InlineData("Quota", false)]
    [InlineData("q-a", false)]
    [InlineData("q;drop", false)]
    [InlineData("quota\n", false)]
    public void A_schema_is_a_plain_name(string name, bool expected) => Assert.Equal(expected, PostgresSchema.IsName(name));
}
