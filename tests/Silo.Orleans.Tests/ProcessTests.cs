using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Quota.Silo.Cluster;
using Quota.Silo.Orleans.Tests.Support;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests;

/// <summary>Real processes with Orleans' membership in DynamoDB Local.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ProcessTests : IAsyncLifetime
{
    private const int Amount = 600;
    private readonly TempFolder _folder = new();
    private DynamoLocalServer? _dynamo;

    public async Task InitializeAsync()
    {
        if (DynamoLocalServer.Missing is null)
        {
            _dynamo = await DynamoLocalServer.StartAsync();
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "local");
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "local");
        }
    }

    public async Task DisposeAsync()
    {
        if (_dynamo is not null)
        {
            await _dynamo.DisposeAsync();
        }
        _folder.Dispose();
    }

    [DynamoFact]
    public async Task A_silo_that_was_paused_and_declared_dead_comes_back_without_a_restart()
    {
        string config = Config();
        using OrleansProcess one = await OrleansProcess.StartAsync(config, _folder.File("data-0"), "silo-0", OrleansProcess.FreePort());
        using OrleansProcess two = await OrleansProcess.StartAsync(config, _folder.File("data-1"), "silo-1", OrleansProcess.FreePort());
        await Task.WhenAll(one.WaitForSilosAsync(2), two.WaitForSilosAsync(2));
        two.Signal("STOP");
        await one.WaitForSilosAsync(1);
        Assert.NotNull(await one.CheckAsync("key-1"));
        two.Signal("CONT");
        await Task.WhenAll(one.WaitForSilosAsync(2), two.WaitForSilosAsync(2));
        Assert.NotNull(await two.CheckAsync("key-1"));
    }

    [DynamoFact]
    public async Task Silos_talk_over_tls_with_certificates_of_one_authority()
    {
        SiloTlsSettings tls = Certificates("one");
        string config = Config($"tls: {{ certificate: {tls.CertificateFile}, key: {tls.KeyFile}, authority: {tls.AuthorityFile} }}");
        using OrleansProcess one = await OrleansProcess.StartAsync(config, _folder.File("data-0"), "silo-0", OrleansProcess.FreePort());
        using OrleansProcess two = await OrleansProcess.StartAsync(config, _folder.File("data-1"), "silo-1", OrleansProcess.FreePort());
        await Task.WhenAll(one.WaitForSilosAsync(2), two.WaitForSilosAsync(2));
        for (int i = 0; i < 20; i++)
        {
            Assert.True(await one.CheckAsync("key-" + i));
        }
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused_at_start()
    {
        SiloTlsSettings one = Certificates("one");
        SiloTlsSettings other = Certificates("other");
        Assert.Null(SiloTls.Problem(one));
        Assert.Equal($"server.orleans.tls.certificate: {one.CertificateFile} is not valid now, or not signed by the authority", SiloTls.Problem(one with { AuthorityFile = other.AuthorityFile }));
        Assert.StartsWith("server.orleans.tls: ", SiloTls.Problem(one with { KeyFile = _folder.File("none.pem") }), StringComparison.Ordinal);
    }

    private string Config(string orleans = "")
    {
        string file = _folder.File("quota.yaml");
        File.WriteAllText(file, $$"""
            server:
              executor: orleans
              partitions: 64
              store:
                dynamodb: { table: quota, region: eu-central-1, endpoint: "{{_dynamo?.Endpoint}}", timeout: 8s }
              orleans:
                cluster: test
                {{orleans}}
            namespaces:
              acme:
                default_plan: p
                plans:
                  p:
                    limits:
                      - name: month
                        quota: { amount: {{Amount}}, period: month }
            """);
        return file;
    }

    private SiloTlsSettings Certificates(string name)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest($"CN=authority {name}", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 root = authority.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.Create(root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        var settings = new SiloTlsSettings(_folder.File(name + ".pem"), _folder.File(name + ".key"), _folder.File(name + "-ca.pem"));
        File.WriteAllText(settings.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(settings.KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(settings.AuthorityFile, root.ExportCertificatePem());
        return settings;
    }
}
