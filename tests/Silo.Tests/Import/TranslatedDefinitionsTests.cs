using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Tests.Import;

/// <summary>What a translation writes is what the import of definitions takes.</summary>
public sealed class TranslatedDefinitionsTests
{
    [Theory]
    [InlineData("envoy-ratelimit @messaging.yaml @per-address.yaml")]
    [InlineData("envoy-ratelimit @messaging.yaml @per-address.yaml --exact --shadow")]
    [InlineData("envoy-ratelimit @errors.yaml --keep-going --key domain")]
    [InlineData("aws-usage-plans @plans.json --keys @u1gold.json --keys @u2free.keys.json --api-keys @api-keys.json")]
    [InlineData("aws-usage-plans @errors.json --keep-going --shadow")]
    public async Task Every_definition_is_accepted(string commandLine)
    {
        ImportRun run = await ImportRun.OfSamples(commandLine);
        Assert.NotEmpty(run.Definitions);
        foreach (Definition definition in run.Definitions)
        {
            DefinitionError? error = DefinitionReader.Read(definition).Error;
            Assert.True(error is null, $"{definition}: {error}");
        }
    }
}
